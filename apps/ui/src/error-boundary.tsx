/**
 * Keeps a failure in one part of a page from taking the whole page with it.
 */
import { Component, type ReactNode } from "react";
import { ErrorNotice } from "./notices.tsx";

interface State {
  readonly error?: Error;
}

/** Shows what went wrong in the place of its children, with a way to try again. */
export class ErrorBoundary extends Component<{ readonly title: string; readonly children: ReactNode }, State> {
  override state: State = {};

  static getDerivedStateFromError(error: Error): State {
    return { error };
  }

  override render(): ReactNode {
    if (this.state.error === undefined) return this.props.children;
    return (
      <ErrorNotice title={this.props.title} message={this.state.error.message} onRetry={() => this.setState({})} />
    );
  }
}

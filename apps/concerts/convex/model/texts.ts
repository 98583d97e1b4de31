/**
 * Invented names: artists, songs, venues, cities, sentences. Nobody here is real.
 */
import { pick, type Random } from "./random.ts";

const ADJECTIVES = [
  "Paper",
  "Velvet",
  "Northern",
  "Hollow",
  "Silver",
  "Distant",
  "Crooked",
  "Amber",
  "Quiet",
  "Electric",
  "Borrowed",
  "Winter",
  "Golden",
  "Static",
  "Painted",
  "Lucky",
];
const NOUNS = [
  "Lanterns",
  "Harbour",
  "Foxes",
  "Satellites",
  "Orchard",
  "Machines",
  "Sparrows",
  "Avenue",
  "Tides",
  "Cathedral",
  "Radio",
  "Wolves",
  "Mirrors",
  "Engines",
  "Meadow",
  "Parade",
];
const VERBS = ["Leave", "Carry", "Follow", "Forget", "Burn", "Hold", "Chase", "Remember", "Cross", "Wake"];
const THINGS = [
  "the Light",
  "Your Name",
  "the River",
  "Every Door",
  "the Night Bus",
  "Summer",
  "the Signal",
  "My Shadow",
  "the Map",
  "Sunday",
  "the Snow",
  "This Town",
  "the Wire",
  "Midnight",
  "the Ocean",
  "Glass",
];
const ROOMS = ["Hall", "Arena", "Theatre", "Ballroom", "Warehouse", "Pavilion", "Club"];
const CITIES = [
  "Lisbon",
  "Oslo",
  "Leeds",
  "Lyon",
  "Ghent",
  "Turin",
  "Porto",
  "Malmö",
  "Cork",
  "Graz",
  "Bilbao",
  "Utrecht",
  "Tampere",
  "Bergen",
  "Nantes",
  "Basel",
] as const;
const COUNTRIES: Readonly<Record<(typeof CITIES)[number], string>> = {
  Lisbon: "Portugal",
  Oslo: "Norway",
  Leeds: "United Kingdom",
  Lyon: "France",
  Ghent: "Belgium",
  Turin: "Italy",
  Porto: "Portugal",
  Malmö: "Sweden",
  Cork: "Ireland",
  Graz: "Austria",
  Bilbao: "Spain",
  Utrecht: "Netherlands",
  Tampere: "Finland",
  Bergen: "Norway",
  Nantes: "France",
  Basel: "Switzerland",
};

export const GENRES = ["indie rock", "synth pop", "folk", "post punk", "soul", "electronica", "jazz", "metal"];

export function artistName(random: Random): string {
  return random() < 0.3
    ? `The ${pick(random, ADJECTIVES)} ${pick(random, NOUNS)}`
    : `${pick(random, ADJECTIVES)} ${pick(random, NOUNS)}`;
}

export function songTitle(random: Random): string {
  const base = `${pick(random, VERBS)} ${pick(random, THINGS)}`;
  return random() < 0.25 ? `${base}, ${pick(random, VERBS)} ${pick(random, THINGS)}` : base;
}

export function venue(random: Random): { name: string; city: string; country: string } {
  const city = pick(random, CITIES);
  return { name: `${pick(random, ADJECTIVES)} ${pick(random, ROOMS)}`, city, country: COUNTRIES[city] };
}

const SENTENCES = [
  "Doors open one hour before the show.",
  "The support act will be announced a week ahead.",
  "Standing in front, seats on the balcony.",
  "Tickets are checked at the door and cannot be passed on.",
  "The late tram runs until half past one.",
  "Cameras stay at home; telephones may come in.",
  "Part of the tour for the new record.",
];

/** Sentences of at least `chars` characters. */
export function sentences(random: Random, chars: number): string {
  let text = pick(random, SENTENCES);
  while (text.length < chars) text += ` ${pick(random, SENTENCES)}`;
  return text;
}

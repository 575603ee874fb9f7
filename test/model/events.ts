/** The events of random scenarios, and what they select. */
import fc from 'fast-check';
import { settle } from '../support/fake-clock.js';
import { ROOMS_OF } from '../support/model-server.js';
import type { Tab } from './scenario.js';
import type { Simulation } from './simulation.js';

/** An event. */
type Action = (sim: Simulation) => void | Promise<void>;

export class Event implements fc.AsyncCommand<object, Simulation> {
  constructor(
    private readonly name: string,
    private readonly act: Action,
  ) {}
  check(): boolean {
    return true;
  }
  async run(_model: object, sim: Simulation): Promise<void> {
    sim.events++;
    await this.act(sim);
    await settle();
    sim.checkInvariants();
  }
  toString(): string {
    return this.name;
  }
}

export const event = <T>(
  name: string,
  arbitrary: fc.Arbitrary<T>,
  act: (sim: Simulation, value: T) => void | Promise<void>,
): fc.Arbitrary<Event> =>
  arbitrary.map((value) => new Event(`${name}(${JSON.stringify(value)})`, (sim) => act(sim, value)));
export const plainEvent = (name: string, act: Action): fc.Arbitrary<Event> => fc.constant(new Event(name, act));
/** The first or second room of a user. */
export const room = fc.constantFrom(0, 1);
/** Selects from a list: a number taken modulo the list's length. */
export const index = fc.nat(20);
export const pick = <T>(list: readonly T[], at: number): T | undefined => list[at % Math.max(1, list.length)];

/** The user displayed by the tab; otherwise the signed-in user. */
export const personIn = (sim: Simulation, tab: Tab | undefined): number => Number(tab?.chat.user?.id ?? sim.person);
export const roomIn = (sim: Simulation, tab: Tab | undefined, at: number): number => ROOMS_OF[personIn(sim, tab)]![at]!;
/** In the first tab; without a tab, of the signed-in user. */
export const roomInFirstTab = (sim: Simulation, at: number): number => roomIn(sim, sim.tabs[0], at);

/** Executes the fault plan. */
import type { Person } from './user.js';
import type { Name, Step } from './plan.js';
import type { Server } from './server.js';
import type { LoadGenerator } from './load-generator.js';

/** Number of messages sent just before a reload. */
const MID_SEND = 6;

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

export class FaultInjector {
  /** Occurrences by name. */
  readonly occurrences = new Map<string, number>();
  /** The current faults. */
  readonly active = { ana: '', ben: '', server: '' };
  readonly #people: Record<Name, Person>;
  readonly #server: Server;
  readonly #writer: LoadGenerator;

  constructor(people: Record<Name, Person>, server: Server, writer: LoadGenerator) {
    this.#people = people;
    this.#server = server;
    this.#writer = writer;
  }

  /** Executes the steps of each target in sequence; a step that takes longer delays the next. */
  async run(plan: readonly Step[], lastMs: number): Promise<void> {
    const startedAt = Date.now();
    const of = async (who: Step['who']): Promise<void> => {
      for (const step of plan) {
        if (step.who !== who) continue;
        await sleep(startedAt + step.at - Date.now());
        if (Date.now() - startedAt > lastMs) return;
        await this.#undergo(step);
      }
    };
    await Promise.all([of('ana'), of('ben'), of('server')]);
  }

  async #undergo(step: Step): Promise<void> {
    const { name, who, ms } = step;
    this.occurrences.set(name, (this.occurrences.get(name) ?? 0) + 1);
    this.active[who] = name;
    if (step.who === 'server') {
      await (step.how === 'crash' ? this.#server.kill() : this.#server.stop());
      await sleep(ms);
      await this.#server.start();
    } else {
      const person = this.#people[step.who];
      if (step.fault.is === 'reload') {
        void this.#writer.burst(step.who, MID_SEND);
        await sleep(step.fault.afterMs);
      }
      const heal = await person.startFault(step.fault);
      await sleep(ms);
      await heal();
    }
    this.active[who] = '';
  }
}

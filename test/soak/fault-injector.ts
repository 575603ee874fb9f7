/** Has happen what the plan says. */
import type { Person } from './user.js';
import type { Name, Step } from './plan.js';
import type { Server } from './server.js';
import type { Writer } from './load-generator.js';

/** So many messages are written in a row just before a page is loaded anew. */
const MID_SEND = 6;

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

export class Troubles {
  /** How often each happened, by name. */
  readonly happened = new Map<string, number>();
  /** What is the matter at the moment. */
  readonly now = { ana: '', ben: '', server: '' };
  readonly #people: Record<Name, Person>;
  readonly #server: Server;
  readonly #writer: Writer;

  constructor(people: Record<Name, Person>, server: Server, writer: Writer) {
    this.#people = people;
    this.#server = server;
    this.#writer = writer;
  }

  /** For each one after the other: where one takes longer than planned, the next one is late. */
  async run(plan: readonly Step[], lastMs: number): Promise<void> {
    const begun = Date.now();
    const of = async (who: Step['who']): Promise<void> => {
      for (const step of plan) {
        if (step.who !== who) continue;
        await sleep(begun + step.at - Date.now());
        if (Date.now() - begun > lastMs) return;
        await this.#undergo(step);
      }
    };
    await Promise.all([of('ana'), of('ben'), of('server')]);
  }

  async #undergo(step: Step): Promise<void> {
    const { name, who, ms } = step;
    this.happened.set(name, (this.happened.get(name) ?? 0) + 1);
    this.now[who] = name;
    if (step.who === 'server') {
      await (step.how === 'crash' ? this.#server.kill() : this.#server.stop());
      await sleep(ms);
      await this.#server.start();
    } else {
      const person = this.#people[step.who];
      if (step.trouble.is === 'reload') {
        void this.#writer.burst(step.who, MID_SEND);
        await sleep(step.trouble.afterMs);
      }
      const heal = await person.suffer(step.trouble);
      await sleep(ms);
      await heal();
    }
    this.now[who] = '';
  }
}

/** The backend of a soak: it can be restarted politely, or killed, and comes back on the same port with the same data. */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import type { Answer, Question, Row, Setup } from './server-process.js';

export class Server {
  readonly #setup: Setup;
  readonly #onLost: (why: string) => void;
  #child: ChildProcess | undefined;
  /** One thing after the other. */
  #last: Promise<unknown> = Promise.resolve();

  /** @param onLost called when it ends though nobody told it to. */
  constructor(setup: Setup, onLost: (why: string) => void) {
    this.#setup = setup;
    this.#onLost = onLost;
  }

  get port(): number {
    return this.#setup.port;
  }

  async start(): Promise<void> {
    const child = (this.#child = fork(new URL('./server-process.ts', import.meta.url), { execArgv: ['--import', 'tsx'] }));
    child.on('exit', (code, signal) => {
      if (this.#child !== child) return;
      this.#child = undefined;
      this.#onLost(`the server ended by itself (${signal ?? code})`);
    });
    const said = await this.#ask({ do: 'start', ...this.#setup });
    if ('port' in said) this.#setup.port = said.port;
  }

  /** Finishes what is under way and closes every socket with 1012. */
  async stop(): Promise<void> {
    await this.#ask({ do: 'stop' });
    await this.#end('SIGTERM');
  }

  /** Says nothing to anybody. */
  kill(): Promise<void> {
    return this.#end('SIGKILL');
  }

  async rows(rooms: number[]): Promise<Row[]> {
    const said = await this.#ask({ do: 'rows', rooms });
    return 'rows' in said ? said.rows : [];
  }

  async #end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    const child = this.#child;
    if (!child) return;
    this.#child = undefined;
    const gone = once(child, 'exit');
    child.kill(signal);
    await gone;
  }

  #ask(question: Question): Promise<Answer> {
    const asking = this.#last.then(() => {
      const child = this.#child;
      if (!child) throw new Error('The server is not running.');
      return new Promise<Answer>((resolve, reject) => {
        const fail = (): void => reject(new Error(`The server ended at '${question.do}'.`));
        child.once('exit', fail).once('message', (said: Answer) => {
          child.off('exit', fail);
          if ('error' in said) reject(new Error(`The server, at '${question.do}': ${said.error}`));
          else resolve(said);
        });
        child.send(question);
      });
    });
    this.#last = asking.catch(() => {});
    return asking;
  }
}

/** The backend of the soak test. It can be restarted or killed, and returns on the same port with the same data. */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import type { Answer, Question, Row, Setup } from './server-process.js';

export class Server {
  readonly #setup: Setup;
  readonly #onLost: (why: string) => void;
  #child: ChildProcess | undefined;
  /** Serialises operations. */
  #last: Promise<unknown> = Promise.resolve();

  /** @param onLost Called if the process exits unexpectedly. */
  constructor(setup: Setup, onLost: (why: string) => void) {
    this.#setup = setup;
    this.#onLost = onLost;
  }

  get port(): number {
    return this.#setup.port;
  }

  async start(): Promise<void> {
    const child = (this.#child = fork(new URL('./server-process.ts', import.meta.url), {
      execArgv: ['--import', 'tsx'],
    }));
    child.on('exit', (code, signal) => {
      if (this.#child !== child) return;
      this.#child = undefined;
      this.#onLost(`the server exited unexpectedly (${signal ?? code})`);
    });
    const reply = await this.#ask({ do: 'start', ...this.#setup });
    if ('port' in reply) this.#setup.port = reply.port;
  }

  /** Finishes pending work and closes every socket with 1012. */
  async stop(): Promise<void> {
    await this.#ask({ do: 'stop' });
    await this.#end('SIGTERM');
  }

  /** Kills the process without closing sockets. */
  kill(): Promise<void> {
    return this.#end('SIGKILL');
  }

  async rows(rooms: number[]): Promise<Row[]> {
    const reply = await this.#ask({ do: 'rows', rooms });
    return 'rows' in reply ? reply.rows : [];
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
        const fail = (): void => reject(new Error(`The server exited during '${question.do}'.`));
        child.once('exit', fail).once('message', (reply: Answer) => {
          child.off('exit', fail);
          if ('error' in reply) reject(new Error(`The server failed at '${question.do}': ${reply.error}`));
          else resolve(reply);
        });
        child.send(question);
      });
    });
    this.#last = asking.catch(() => {});
    return asking;
  }
}

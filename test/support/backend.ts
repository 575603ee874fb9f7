/** A real backend behind a fault proxy, as a browser test sees it. */
import { executeServerCommand } from '@web/test-runner-commands';
import type { Commands, StartOptions } from './backend-plugin.js';
import type { FaultLine, Faults } from '../../demo/fault-proxy/fault-proxy.js';
import { REMOTE, type Remote } from '../../demo/fault-proxy/rules.js';

/** The fault line, from afar. */
export type RemoteLine = {
  [Name in Remote]: (...given: Parameters<FaultLine[Name]>) => Promise<Awaited<ReturnType<FaultLine[Name]>>>;
};

export interface Backend {
  /** Of the proxy. */
  url: string;
  /** Everything that the network can do: see demo/fault-proxy. */
  line: RemoteLine;
  token(userId: number, expiresIn?: number): Promise<string>;
  faults(faults: Partial<Faults>): Promise<void>;
  /** Breaks all open sockets. */
  cut(): Promise<void>;
  stop(): Promise<void>;
  again(): Promise<void>;
  post(userId: number, roomId: number, content: string): Promise<number>;
  stored(roomId: number, content: string): Promise<number>;
  end(): Promise<void>;
}

const command = <Name extends keyof Commands>(name: Name, payload: Parameters<Commands[Name]>[0]): ReturnType<Commands[Name]> =>
  executeServerCommand(`backend:${name}`, payload as never) as ReturnType<Commands[Name]>;

export async function startBackend(options: StartOptions = {}): Promise<Backend> {
  const { id, url } = await command('start', options);
  const line = Object.fromEntries(REMOTE.map((call) => [call, (...given: unknown[]) => command('line', { id, call, given })])) as unknown as RemoteLine;
  return {
    url,
    line,
    token: (userId, expiresIn) => command('token', { id, userId, ...(expiresIn !== undefined && { expiresIn }) }),
    faults: (faults) => command('faults', { id, ...faults }),
    cut: () => command('cut', { id }),
    stop: () => command('stop', { id }),
    again: () => command('again', { id }),
    post: (userId, roomId, content) => command('post', { id, userId, roomId, content }),
    stored: (roomId, content) => command('stored', { id, roomId, content }),
    end: () => command('end', { id }),
  };
}

/** The reference backend in a separate process, controlled by IPC. See server.ts. */
import { createWriteStream } from 'node:fs';
import { startServer, type RunningServer } from '../../demo/server/server.js';

export interface Setup {
  folder: string;
  /** The log file. */
  log: string;
  port: number;
  secret: string;
}
export type Question = ({ do: 'start' } & Setup) | { do: 'stop' } | { do: 'rows'; rooms: number[] };
export type Answer = { port: number } | { stopped: true } | { rows: Row[] } | { error: string };

/** A stored message. */
export interface Row {
  id: number;
  room_id: number;
  sender_id: number;
  content: string;
  temp_id: string | null;
}

let server: RunningServer | undefined;

async function answer(question: Question): Promise<Answer> {
  switch (question.do) {
    case 'start': {
      const { folder, log, port, secret } = question;
      server = await startServer({
        port,
        secret,
        database: { kind: 'folder', path: folder },
        allowedOrigins: '*',
        // The widget is under test, so there is no rate limit, and dead connections are detected sooner.
        limits: { rate: 1_000_000 },
        heartbeatSeconds: 10,
        logLevel: 'error',
        logTo: createWriteStream(log, { flags: 'a' }),
      });
      return { port: server.port };
    }
    case 'stop':
      await server?.close();
      return { stopped: true };
    case 'rows':
      return {
        rows: await server!.database.query<Row>(
          'select id, room_id, sender_id, content, temp_id from messages where room_id = any($1::int[]) order by id',
          [question.rooms],
        ),
      };
  }
}

process.on('message', (question: Question) => {
  answer(question)
    .catch((error: unknown) => ({ error: String(error) }))
    .then((reply) => process.connected && process.send?.(reply))
    .catch(() => {});
});
process.once('disconnect', () => process.exit(0));

import { Room } from './entities.js';
import { flag, object, z } from './schema.js';

/** `POST rooms/start_dm/`. */
export const StartDmBody = object(() => ({ room: Room(), created: z.catch(flag, false) }));

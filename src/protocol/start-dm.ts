import { Room } from './entities.js';
import { flag, z } from './schema.js';

/** `POST rooms/start_dm/`. */
export const StartDmBody = z.looseObject({ room: Room, created: z.catch(flag, false) });

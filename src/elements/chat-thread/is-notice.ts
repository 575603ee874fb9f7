import type { Message } from '../../protocol/index.js';

/** Whether a message is not the words of a user. Backends add types of their own, such as `job_update`. */
export const isNotice = ({ message_type }: Message): boolean => !/^(text|image|file)$/.test(message_type);

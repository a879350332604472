import { frame } from './frame';

export const en = { frame };

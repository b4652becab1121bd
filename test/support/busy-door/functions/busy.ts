/** A module that does on import all that a door must not: the watch of `doors-inert.test.ts` has to see it. */
import { createServer } from 'node:net';

export const setting = process.env.POSTHASTE_BUSY;
export const timer = setInterval(() => {}, 100);
export const server = createServer();
export const handler = () => setting;
setTimeout(() => clearInterval(timer), 300);

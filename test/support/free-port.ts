import { anyFreePort } from '../../infra/local/ports.ts';

/** A port on 127.0.0.1 that nobody listens on, and that no other test file is given meanwhile. */
export function freePort(): Promise<number> {
  return anyFreePort();
}

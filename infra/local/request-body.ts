/** Reading a request body under a limit. */
import type { IncomingMessage } from 'node:http';

/** The whole body; or `too-large`, then nothing more of it is kept; or `aborted`, then nobody waits for an answer. */
export function readBody(request: IncomingMessage, maxBytes: number): Promise<Buffer | 'too-large' | 'aborted'> {
  if (Number(request.headers['content-length'] ?? 0) > maxBytes) {
    return Promise.resolve('too-large');
  }
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    const onData = (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes <= maxBytes) {
        chunks.push(chunk);
        return;
      }
      request.off('data', onData);
      resolve('too-large');
    };
    request.on('data', onData);
    request.on('end', () => resolve(Buffer.concat(chunks)));
    request.on('close', () => resolve('aborted'));
    request.on('error', () => resolve('aborted'));
  });
}

/** Whether bytes of this request's body may still come. */
export function hasUnreadBody(request: IncomingMessage): boolean {
  const announced = Number(request.headers['content-length'] ?? 0) > 0;
  return !request.complete && (announced || request.headers['transfer-encoding'] !== undefined);
}

/** A sender that is cut off while it writes would miss the answer, so what it still sends is thrown away this long. */
const lingerMs = 2_000;

/** Calls back when the sender has stopped, or has been listened to long enough. */
export function discardRest(request: IncomingMessage, then: () => void): void {
  const timer = setTimeout(end, lingerMs);
  function end(): void {
    clearTimeout(timer);
    request.off('end', end).off('close', end);
    then();
  }
  request.on('end', end).on('close', end);
  request.resume();
}

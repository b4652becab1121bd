/** How a program that holds a host ends by signal, and by nothing else. */
import { oneLine } from './terminal.ts';

// A terminal sends Ctrl-C to npm and to us, and npm passes it on: one press arrives twice.
const samePressMs = 1_000;

/**
 * The first signal stops in order and exits with `exitCode`. A later one forces, with 130: PostgreSQL and platforms then
 * stay, and the next start adopts them. Returns whether a signal came.
 */
export function stopBySignal(stop: () => Promise<void>, exitCode: number): () => boolean {
  let firstMs: number | null = null;
  function onSignal(): void {
    if (firstMs !== null) {
      if (performance.now() - firstMs > samePressMs) process.exit(130);
      return;
    }
    firstMs = performance.now();
    process.stdout.write('stopping\n');
    stop()
      .then(() => process.exit(exitCode))
      .catch((error: unknown) => {
        process.stderr.write(`${oneLine(error)}\n`);
        process.exit(1);
      });
  }
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, onSignal);
  return () => firstMs !== null;
}

/** On Lambda a function that breaks its process breaks no other: what nobody caught goes to the log, and the host lives on. */
export function keepRunning(): void {
  process.on('unhandledRejection', (reason) => console.error('nobody caught', reason));
  process.on('uncaughtException', (error) => console.error('nobody caught', error));
}

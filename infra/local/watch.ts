/** `npm start -- --watch`: the host from source in a child process, started anew when code changes. */
import { type ChildProcess, spawn } from 'node:child_process';
import { watch as watchFolder } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const folders = ['functions', 'shared', 'infra/local', 'sql'];
/** Editors write a file in several steps. */
const quietMs = 200;

export function watch(args: readonly string[], project: string): void {
  const start = fileURLToPath(new URL('start.js', import.meta.url));
  const rest = [...args.filter((argument) => argument !== '--watch'), '--source'];
  let child: ChildProcess | null = null;
  let changed = false;
  let ending = false;
  let timer: NodeJS.Timeout | undefined;

  function begin(): void {
    changed = false;
    const running = spawn(process.execPath, [start, ...rest], { stdio: 'inherit' });
    child = running;
    running.once('exit', (code) => {
      child = null;
      if (ending) process.exit(code ?? 1);
      else if (changed) begin();
      else process.stdout.write('waiting for a change\n');
    });
    // Only the first start may begin anew; a restart keeps what was made meanwhile.
    const fresh = rest.indexOf('--fresh');
    if (fresh !== -1) rest.splice(fresh, 1);
  }

  function restart(): void {
    changed = true;
    if (child === null) begin();
    else child.kill('SIGTERM');
  }

  for (const folder of folders) {
    watchFolder(join(project, folder), { recursive: true }, () => {
      clearTimeout(timer);
      timer = setTimeout(restart, quietMs);
    });
  }
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      ending = true;
      if (child === null) process.exit(0);
      child.kill(signal);
    });
  }
  begin();
}

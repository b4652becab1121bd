/** Tells whether the process of a state file is still the platforms: process ids are given away again. */
import { execFileSync } from 'node:child_process';
import { readFileSync, realpathSync } from 'node:fs';
import { type PlatformsState, readState } from './state-file.ts';

export function runningPlatforms(dataDir: string): (PlatformsState & { readonly pid: number }) | null {
  const state = readState(dataDir);
  if (state === null || state.pid === null || !isPlatforms(state.pid, dataDir)) return null;
  return { ...state, pid: state.pid };
}

/** With a folder: those of this one. Another's may have got the process id of ours. */
export function isPlatforms(pid: number, dataDir?: string): boolean {
  try {
    const command = `${commandOf(pid).replaceAll('\0', ' ').trimEnd()} --`;
    if (!command.includes('platforms/main.ts')) return false;
    const absolute = / --data (\/.*?) --/.exec(command)?.[1];
    return dataDir === undefined || absolute === undefined || realpathSync(absolute) === realpathSync(dataDir);
  } catch {
    return false;
  }
}

/** Small Linux images have no `ps`; macOS has no `/proc`. */
function commandOf(pid: number): string {
  if (process.platform === 'linux') return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  return execFileSync('ps', ['-ww', '-p', String(pid), '-o', 'args='], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
}

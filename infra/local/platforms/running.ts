/** Tells whether the process of a state file is still the platforms: process ids are given away again. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { type PlatformsState, readState } from './state-file.ts';

export function runningPlatforms(dataDir: string): (PlatformsState & { readonly pid: number }) | null {
  const state = readState(dataDir);
  if (state === null || state.pid === null || !isPlatforms(state.pid)) return null;
  return { ...state, pid: state.pid };
}

function isPlatforms(pid: number): boolean {
  try {
    return commandOf(pid).includes('platforms/main.ts');
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

/** What a local host can be told. */
import { isAbsolute, join, resolve } from 'node:path';
import { readOrigins } from '../cors.ts';
import type { Platforms } from './platforms/process.ts';
import type { ThrottleSettings } from './throttle.ts';

export type PlatformOrigins = Platforms['origins'];

/** Our app as the Threads simulator knows it. */
export interface ThreadsApp {
  readonly clientId: string;
  readonly clientSecret: string;
}

/** Platforms that run already and outlive the host, and the Threads app they know. */
export interface GivenPlatforms {
  readonly origins: PlatformOrigins;
  readonly threadsApp: ThreadsApp;
}

export interface HostOptions {
  /** Folder of everything the host keeps. */
  readonly dataDir: string;
  /** Port of the HTTP API on 127.0.0.1; 0 takes a free one. */
  readonly port: number;
  /** Removes what an earlier run kept. */
  readonly fresh?: boolean;
  /** `bundle` (default): the files that Lambda would run. `source`: the doors as they are written. */
  readonly source?: 'bundle' | 'source';
  /** Folder of the doors, for tests. Default: `functions`. */
  readonly doors?: string;
  /** false: PostgreSQL is faster, and nothing survives a crash of the machine. Default true. */
  readonly durable?: boolean;
  /** `start` (default): the simulators and the PDS, in a process of their own. `none`: no platforms. Or those of somebody else. */
  readonly platforms?: 'start' | 'none' | GivenPlatforms;
  /** Opens the control calls on a port of their own, for tests. Default false. */
  readonly control?: boolean;
  /** false: schedules fire by control call or `tick` only. Default true. */
  readonly clock?: boolean;
  /** Sends `console` of this process, to which functions log, to the log file. Default false. */
  readonly captureConsole?: boolean;
  readonly throttle?: ThrottleSettings;
  /** Origins whose pages may call the API; `*` is every one. Default: none. */
  readonly webOrigins?: readonly string[];
  /** Told what the host does, one line each. Default: nobody. */
  readonly report?: (line: string) => void;
}

export interface StartArguments {
  readonly dataDir: string;
  readonly port: number;
  readonly fresh: boolean;
  readonly watch: boolean;
  /** Print the environment of the data folder and end. */
  readonly env: boolean;
  /** Run the doors as they are written. */
  readonly source: boolean;
  readonly control: boolean;
  readonly platforms: boolean;
  readonly webOrigins: readonly string[];
}

export const defaultPort = 3000;
const startFlags = ['--fresh', '--watch', '--source', '--env', '--control', '--no-platforms'];

/** Reads the command line, of which `flags` may stand there, `PORT` and `WEB_ORIGINS`. Returns the line to complain with where it is wrong. */
export function readArguments(
  args: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
  project: string,
  flags: readonly string[] = startFlags,
): StartArguments | string {
  const given = new Set<string>();
  let dataDir = join(project, '.data');
  for (let index = 0; index < args.length; index += 1) {
    const argument = args[index] ?? '';
    if (argument === '--data') {
      index += 1;
      const folder = args[index];
      if (folder === undefined || folder === '') return '--data needs a folder';
      dataDir = isAbsolute(folder) ? folder : resolve(folder);
    } else if (flags.includes(argument)) given.add(argument);
    else return `unknown argument ${argument}; known are --data DIR, ${flags.join(', ')}`;
  }
  const port = environment.PORT === undefined || environment.PORT === '' ? defaultPort : Number(environment.PORT);
  if (!Number.isInteger(port) || port < 0 || port > 65_535)
    return `PORT must be a port number, not ${environment.PORT}`;
  const webOrigins = originsOf(environment.WEB_ORIGINS ?? '');
  if (webOrigins === null) return 'WEB_ORIGINS must be origins such as http://localhost:5173, with commas, or *';
  return {
    dataDir,
    port,
    webOrigins,
    fresh: given.has('--fresh'),
    watch: given.has('--watch'),
    env: given.has('--env'),
    source: given.has('--source'),
    control: given.has('--control'),
    platforms: !given.has('--no-platforms'),
  };
}

function originsOf(text: string): readonly string[] | null {
  try {
    return readOrigins(text);
  } catch {
    return null;
  }
}

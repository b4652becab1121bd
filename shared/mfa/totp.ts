/** Codes of authenticator apps (RFC 6238): what all apps take, SHA-1, six digits, 30 seconds. */
import { generate } from 'lean-qr';
import { toSvgDataURL } from 'lean-qr/extras/svg';
import { Secret, TOTP } from 'otpauth';

const ISSUER = 'Posthaste';
const PERIOD_S = 30;
/** RFC 4226, section 4: 160 bits recommended. */
const SECRET_BYTES = 20;

export function newTotpSecret(): string {
  return new Secret({ size: SECRET_BYTES }).base32;
}

/** The URI of the secret in an authenticator app, which shows the address below the issuer. */
export function otpauthUri(secret: string, email: string): string {
  return totpOf(secret, email).toString();
}

/** A `data:` URI of an SVG. */
export function qrCodeOf(text: string): string {
  return toSvgDataURL(generate(text), { on: '#000', off: '#fff', width: 240, height: 240 });
}

/** The time step whose code this is: now, or the one before or after, for clocks that differ. Null for none. */
export function stepOf(code: string, secret: string, nowS: number): number | null {
  const delta = totpOf(secret, '').validate({ token: code, timestamp: nowS * 1000, window: 1 });
  return delta === null ? null : Math.floor(nowS / PERIOD_S) + delta;
}

/** The code that an app shows. */
export function codeAt(secret: string, nowS: number): string {
  return totpOf(secret, '').generate({ timestamp: nowS * 1000 });
}

function totpOf(secret: string, label: string): TOTP {
  return new TOTP({ issuer: ISSUER, label, secret: Secret.fromBase32(secret), period: PERIOD_S });
}

/** Takes secrets out of a platform's own words before they are stored or shown. */

const carriers =
  /\b(access_token|refresh_token|client_secret|code_verifier|code|token|password|X-Amz-[A-Za-z-]+|Signature)=[^&\s"'<>]+/gi;
const bearers = /\b(Bearer|DPoP|Basic)\s+[A-Za-z0-9._~+/=-]{8,}/gi;

/** Replaces each secret, also in its URL-encoded form, and whatever looks like a credential in a URL or header. */
export function redact(text: string, secrets: readonly string[] = []): string {
  const forms = secrets
    .filter((secret) => secret.length >= 4)
    .flatMap((secret) => [secret, encodeURIComponent(secret)]);
  const longestFirst = forms.sort((a, b) => b.length - a.length);
  const known = longestFirst.reduce((left, form) => left.replaceAll(form, '[redacted]'), text);
  return known.replace(carriers, '$1=[redacted]').replace(bearers, '$1 [redacted]');
}

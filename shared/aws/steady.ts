/**
 * For how long a signed URL is good, so that who asks again soon gets the same one: what is shown keeps its entity tag, and a
 * browser what it has loaded. Signed as of a round instant, for as much longer: it is never good for less than was asked.
 */
export function steady(expiresInS: number, nowMs = Date.now()): { expiresIn: number; signingDate: Date } {
  const roundS = Math.floor(expiresInS / 5);
  if (roundS === 0) return { expiresIn: expiresInS, signingDate: new Date(nowMs) };
  return { expiresIn: expiresInS + roundS, signingDate: new Date(Math.floor(nowMs / 1000 / roundS) * roundS * 1000) };
}

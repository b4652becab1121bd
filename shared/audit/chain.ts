/** Whether seals follow each other: the same question at a terminal and behind a door. */

export interface ChainSeal {
  readonly sequence: number;
  readonly previous: string;
  readonly hash: string;
  /** It hashes to its own hash. */
  readonly intact: boolean;
}

export interface ChainFinding {
  readonly what: 'seal-changed' | 'seal-removed' | 'chain-broken';
  readonly seal: number;
}

/** Before the first seal. */
export const BEGINNING = { sequence: 0, hash: '0'.repeat(64) } as const;

/** `chain-broken`: it does not follow the one before, so one of the two was replaced, or this one put in. */
export function checkChain(
  seals: readonly ChainSeal[],
  start: Pick<ChainSeal, 'sequence' | 'hash'> = BEGINNING,
): ChainFinding[] {
  const findings: ChainFinding[] = [];
  let { sequence, hash } = start;
  for (const seal of seals) {
    for (let missing = sequence + 1; missing < seal.sequence; missing += 1)
      findings.push({ what: 'seal-removed', seal: missing });
    if (!seal.intact) findings.push({ what: 'seal-changed', seal: seal.sequence });
    if (seal.sequence === sequence + 1 && seal.previous !== hash)
      findings.push({ what: 'chain-broken', seal: seal.sequence });
    ({ sequence, hash } = seal);
  }
  return findings;
}

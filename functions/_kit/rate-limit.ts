/** Header fields of draft-ietf-httpapi-ratelimit-headers-11: what the caller's class of doors allows, and what is left. */
import type { Limit } from '../../shared/errors.ts';
import type { EndpointContract, RateClass } from './contract.ts';

export function rateClassOf(contract: EndpointContract): RateClass {
  return contract.rate ?? (contract.method === 'GET' ? 'read' : 'write');
}

export function limitHeaders(contract: EndpointContract, limit: Limit | undefined): Record<string, string> {
  if (limit === undefined) return {};
  const name = limit.class ?? rateClassOf(contract);
  return {
    'ratelimit-policy': `"${name}";q=${limit.max};w=${limit.windowS}`,
    ratelimit: `"${name}";r=${limit.left};t=${limit.resetS}`,
  };
}

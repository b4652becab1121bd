/** Nothing: what the process itself costs. */
export const handler = null;

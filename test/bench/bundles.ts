export async function benchBundles(_options: readonly string[]): Promise<void> {}

export async function benchDoors(_options: readonly string[]): Promise<void> {}

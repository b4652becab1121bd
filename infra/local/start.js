/**
 * `npm start` and `npm run demo`. Plain JavaScript that imports nothing before it has looked: an old Node cannot even read the
 * rest, and is told so in one line.
 */
const oldestMajor = 24;
const [first, ...rest] = process.argv.slice(2);

if (Number(process.versions.node.split('.')[0]) < oldestMajor) {
  process.stderr.write(
    `Posthaste needs Node ${oldestMajor}, this is ${process.versions.node}; npm start brings its own\n`,
  );
  process.exitCode = 1;
} else if (first === 'demo') {
  const { demo } = await import('./demo/main.ts');
  await demo(rest);
} else {
  const { run } = await import('./run.ts');
  await run(process.argv.slice(2));
}

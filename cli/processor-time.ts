/**
 * A clock of the time that this process spent on the processor, in milliseconds: what else the machine does hardly
 * counts. Only where a step is the work of one thread; absent otherwise.
 */
export function processorClock(options: {
  readonly threads?: number | undefined;
  readonly provider?: string | undefined;
}): { readonly clock?: () => number } {
  const { threads = 1, provider = 'cpu' } = options;
  if (threads !== 1 || provider !== 'cpu') return {};
  return {
    clock: () => {
      const { user, system } = process.cpuUsage();
      return (user + system) / 1000;
    },
  };
}

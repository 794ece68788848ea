#!/usr/bin/env node
import module from 'node:module';

// From Node 22.1 on, what V8 compiled is kept for the next start. It must be asked for before anything is imported.
if ('enableCompileCache' in module && typeof module.enableCompileCache === 'function')
  module.enableCompileCache();
await import('./main.js');

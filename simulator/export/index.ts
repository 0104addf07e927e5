export { configDump, type DumpSource } from './config-dump.ts'
export { type StockEnvoyExport, stockEnvoyBootstrap } from './stock-envoy.ts'

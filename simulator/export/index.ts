export { type StockEnvoyExport, stockEnvoyBootstrap } from './stock-envoy.ts'

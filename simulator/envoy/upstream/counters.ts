// Counters of one cluster under Envoy's names (envoy: envoy/upstream/upstream.h, docs .../cluster_stats.rst). One object
// of one shape: an increment is a field write.
export interface ClusterCounters {
  upstream_cx_total: number
  upstream_cx_http1_total: number
  upstream_cx_http2_total: number
  upstream_cx_connect_fail: number
  upstream_cx_connect_timeout: number
  upstream_cx_overflow: number
  upstream_cx_destroy: number
  upstream_cx_max_requests: number
  upstream_cx_max_duration_reached: number
  upstream_cx_idle_timeout: number
  upstream_rq_total: number
  upstream_rq_completed: number
  upstream_rq_pending_total: number
  upstream_rq_pending_overflow: number
  upstream_rq_pending_failure_eject: number
  upstream_rq_active_overflow: number
  upstream_rq_cancelled: number
  upstream_rq_timeout: number
  upstream_rq_per_try_timeout: number
  upstream_rq_retry: number
  upstream_rq_retry_success: number
  upstream_rq_retry_overflow: number
  upstream_rq_retry_limit_exceeded: number
  upstream_rq_retry_backoff_exponential: number
  lb_healthy_panic: number
  'ssl.handshake': number
  'ssl.session_reused': number
}

export function createCounters(): ClusterCounters {
  return {
    upstream_cx_total: 0,
    upstream_cx_http1_total: 0,
    upstream_cx_http2_total: 0,
    upstream_cx_connect_fail: 0,
    upstream_cx_connect_timeout: 0,
    upstream_cx_overflow: 0,
    upstream_cx_destroy: 0,
    upstream_cx_max_requests: 0,
    upstream_cx_max_duration_reached: 0,
    upstream_cx_idle_timeout: 0,
    upstream_rq_total: 0,
    upstream_rq_completed: 0,
    upstream_rq_pending_total: 0,
    upstream_rq_pending_overflow: 0,
    upstream_rq_pending_failure_eject: 0,
    upstream_rq_active_overflow: 0,
    upstream_rq_cancelled: 0,
    upstream_rq_timeout: 0,
    upstream_rq_per_try_timeout: 0,
    upstream_rq_retry: 0,
    upstream_rq_retry_success: 0,
    upstream_rq_retry_overflow: 0,
    upstream_rq_retry_limit_exceeded: 0,
    upstream_rq_retry_backoff_exponential: 0,
    lb_healthy_panic: 0,
    'ssl.handshake': 0,
    'ssl.session_reused': 0,
  }
}

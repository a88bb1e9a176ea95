/* nginx's modules in this build, in the order in which its configure puts them (filters run from the last to the
 * first).
 * SPDX-License-Identifier: BSD-3-Clause */
#include <ngx_config.h>
#include <ngx_core.h>

#define MODULES(X)                         \
    X(ngx_core_module)                     \
    X(ngx_errlog_module)                   \
    X(ngx_conf_module)                     \
    X(ngx_events_module)                   \
    X(ngx_event_core_module)               \
    X(ngx_epoll_module)                    \
    X(ngx_http_module)                     \
    X(ngx_http_core_module)                \
    X(ngx_http_log_module)                 \
    X(ngx_http_header_count_module)        \
    X(ngx_http_upstream_module)            \
    X(ngx_http_static_module)              \
    X(ngx_http_gzip_static_module)         \
    X(ngx_http_autoindex_module)           \
    X(ngx_http_index_module)               \
    X(ngx_http_try_files_module)           \
    X(ngx_http_access_module)              \
    X(ngx_http_limit_conn_module)          \
    X(ngx_http_limit_req_module)           \
    X(ngx_http_geo_module)                 \
    X(ngx_http_map_module)                 \
    X(ngx_http_split_clients_module)       \
    X(ngx_http_referer_module)             \
    X(ngx_http_empty_gif_module)           \
    X(ngx_http_browser_module)             \
    X(ngx_http_stub_status_module)         \
    X(ngx_http_write_filter_module)        \
    X(ngx_http_header_filter_module)       \
    X(ngx_http_chunked_filter_module)      \
    X(ngx_http_range_header_filter_module) \
    X(ngx_http_gzip_filter_module)         \
    X(ngx_http_postpone_filter_module)     \
    X(ngx_http_charset_filter_module)      \
    X(ngx_http_headers_filter_module)      \
    X(ngx_http_copy_filter_module)         \
    X(ngx_http_range_body_filter_module)   \
    X(ngx_http_not_modified_filter_module)

#define DECLARE(name) extern ngx_module_t name;
#define ADDRESS(name) &name,
#define NAME(name)    #name,

MODULES(DECLARE)
ngx_module_t *ngx_modules[] = {MODULES(ADDRESS) NULL};
char *ngx_module_names[] = {MODULES(NAME) NULL};

package main

import (
	"flag"
	"fmt"
	"io"
	"os"

	"google.golang.org/grpc/grpclog"
	"k8s.io/klog/v2"
)

// logLevel is one level in the terms of the loggers in the process.
type logLevel struct{ etcd, klogThreshold, klogVerbosity string }

// At the level error etcd is silent short of its end: it calls it an error that
// a new data directory has no version yet, and the API server reports what
// really fails.
var logLevels = map[string]logLevel{
	"error": {etcd: "panic", klogThreshold: "ERROR", klogVerbosity: "0"},
	"warn":  {etcd: "warn", klogThreshold: "WARNING", klogVerbosity: "0"},
	"info":  {etcd: "info", klogThreshold: "INFO", klogVerbosity: "0"},
	"debug": {etcd: "debug", klogThreshold: "INFO", klogVerbosity: "4"},
}

// setUpLogging sends all logs to standard error: standard output is for the
// one line.
func setUpLogging(level logLevel) error {
	flags := flag.NewFlagSet("klog", flag.ContinueOnError)
	klog.InitFlags(flags)
	for name, value := range map[string]string{
		"logtostderr": "true",
		// Without this the threshold counts for log files only.
		"legacy_stderr_threshold_behavior": "false",
		"stderrthreshold":                  level.klogThreshold,
		"v":                                level.klogVerbosity,
	} {
		if err := flags.Set(name, value); err != nil {
			return fmt.Errorf("setting the log flag %s: %w", name, err)
		}
	}
	if level == logLevels["error"] {
		// kube-apiserver lets gRPC log at a level of its own, at which it warns
		// of each connection that is closed early.
		grpclog.SetLoggerV2(grpclog.NewLoggerV2(io.Discard, io.Discard, os.Stderr))
	}
	return nil
}

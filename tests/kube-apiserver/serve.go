package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"go.etcd.io/etcd/server/v3/embed"
	"k8s.io/klog/v2"
)

const (
	// How long open watches have to end when the server stops; after twice
	// that it exits whatever is still open.
	defaultShutdownGrace = time.Second

	etcdStopTimeout = 500 * time.Millisecond
)

type serveOptions struct {
	dataDir        string
	port           int
	auditLog       string
	announceEarly  bool
	exitOnStdinEOF bool
	tokenCacheTTL  time.Duration
	shutdownGrace  time.Duration
	logLevel       logLevel
	extraFlags     []string
}

func serveCommand(args []string) error {
	flags := flag.NewFlagSet("serve", flag.ContinueOnError)
	var o serveOptions
	var announce, level string
	flags.StringVar(&o.dataDir, "data-dir", "", "keep the cluster in this `directory` (default: a temporary one, removed at exit)")
	flags.IntVar(&o.port, "port", 0, "the API server's `port` (default: the data directory's last one, else a free one)")
	flags.StringVar(&o.auditLog, "audit-log", "", "append the audit log to this `file` (default: audit.log in the data directory)")
	flags.StringVar(&announce, "announce", "ready", "when to print the kubeconfig's path: `ready`, or early, as soon as the port is bound")
	flags.BoolVar(&o.exitOnStdinEOF, "exit-on-stdin-eof", false, "stop when standard input ends, as it does when its writer dies")
	flags.DurationVar(&o.tokenCacheTTL, "token-cache-ttl", 0, "how long a valid token's authentication is remembered (10s in real clusters)")
	flags.DurationVar(&o.shutdownGrace, "shutdown-grace", defaultShutdownGrace, "how long open watches have to end after SIGTERM")
	flags.StringVar(&level, "log-level", "error", "what to log to standard error: `error`, warn, info or debug")
	if err := parse(flags, args, true); err != nil {
		return err
	}
	o.extraFlags = flags.Args()

	switch announce {
	case "ready":
	case "early":
		o.announceEarly = true
	default:
		return usageError(flags, "--announce must be ready or early, not %q", announce)
	}
	var ok bool
	if o.logLevel, ok = logLevels[level]; !ok {
		return usageError(flags, "--log-level must be error, warn, info or debug, not %q", level)
	}
	if o.port < 0 || o.port > 65535 {
		return usageError(flags, "--port must be between 0 and 65535, not %d", o.port)
	}
	if o.tokenCacheTTL < 0 {
		return usageError(flags, "--token-cache-ttl must not be negative")
	}
	if o.shutdownGrace <= 0 {
		return usageError(flags, "--shutdown-grace must be more than 0")
	}
	return serve(o)
}

// serve runs until it is told to stop. Then it returns nil.
func serve(o serveOptions) error {
	if err := setUpLogging(o.logLevel); err != nil {
		return err
	}
	ctx, stop := stopContext(o.exitOnStdinEOF)
	defer stop()

	temporary := ""
	if o.dataDir == "" {
		var err error
		if temporary, err = os.MkdirTemp("", "quorate-kube-apiserver-"); err != nil {
			return fmt.Errorf("making a temporary data directory: %w", err)
		}
		defer os.RemoveAll(temporary)
		o.dataDir = temporary
	}
	// kube-apiserver ends the process itself where it cannot go on. It also
	// cannot when it is told to stop while it is still starting.
	klog.OsExit = func(code int) {
		if temporary != "" {
			os.RemoveAll(temporary)
		}
		if ctx.Err() != nil {
			code = 0
		}
		os.Exit(code)
	}
	dir, err := openDataDir(o.dataDir)
	if err != nil {
		return err
	}
	auditLog := dir.auditLog()
	if o.auditLog != "" {
		if auditLog, err = filepath.Abs(o.auditLog); err != nil {
			return fmt.Errorf("audit log %q: %w", o.auditLog, err)
		}
	}

	ca, err := loadPKI(dir)
	if err != nil {
		return err
	}
	etcd, err := startEtcd(dir, o.logLevel.etcd)
	if err != nil {
		return err
	}
	defer stopEtcd(etcd)

	listener, err := dir.listen(o.port)
	if err != nil {
		return err
	}
	defer listener.Close()
	url := "https://" + listener.Addr().String()
	run, err := newAPIServer(ctx, apiServerConfig{
		dir:           dir,
		listener:      listener,
		etcdURL:       etcdURL(etcd),
		auditLog:      auditLog,
		tokenCacheTTL: o.tokenCacheTTL,
		watchGrace:    o.shutdownGrace,
		extraFlags:    o.extraFlags,
	})
	if err != nil {
		return err
	}
	if err := writeKubeconfig(dir, url, ca); err != nil {
		return err
	}
	config, err := controllerConfig(url, ca)
	if err != nil {
		return err
	}

	if o.announceEarly {
		fmt.Println(dir.kubeconfig())
	}
	ended := make(chan error, 1)
	go func() { ended <- run() }()
	usable := make(chan error, 1)
	go func() { usable <- awaitUsable(ctx, config) }()

	for {
		select {
		case err := <-usable:
			if ctx.Err() != nil {
				break
			}
			if err != nil {
				return fmt.Errorf("the API server did not become ready: %w", err)
			}
			if !o.announceEarly {
				fmt.Println(dir.kubeconfig())
			}
		case err := <-ended:
			if ctx.Err() == nil {
				return fmt.Errorf("the API server ended by itself: %v", err)
			}
			return nil
		case <-ctx.Done():
			select {
			case <-ended:
			case <-time.After(2 * o.shutdownGrace):
				klog.Warningf("requests were still open %s after the stop; closing them", 2*o.shutdownGrace)
			}
			return nil
		}
	}
}

// stopContext is done at SIGTERM or SIGINT, or when standard input ends if
// that is asked for. A second signal ends the process at once.
func stopContext(onStdinEOF bool) (context.Context, context.CancelFunc) {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	context.AfterFunc(ctx, stop)
	if onStdinEOF {
		go func() {
			io.Copy(io.Discard, os.Stdin)
			stop()
		}()
	}
	return ctx, stop
}

// stopEtcd gives etcd the chance to close its files, which it can also do
// without.
func stopEtcd(server *embed.Etcd) {
	closed := make(chan struct{})
	go func() {
		server.Close()
		close(closed)
	}()
	select {
	case <-closed:
	case <-time.After(etcdStopTimeout):
	}
}

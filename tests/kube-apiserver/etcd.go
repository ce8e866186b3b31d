package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"strings"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.etcd.io/etcd/server/v3/embed"
	"k8s.io/apiserver/pkg/storage/etcd3"
)

const etcdStartTimeout = 30 * time.Second

// startEtcd starts a one-member etcd on a free loopback port, and leaves its
// URL in the data directory for the compact command.
func startEtcd(dir dataDir, logLevel string) (*embed.Etcd, error) {
	anyPort := url.URL{Scheme: "http", Host: "127.0.0.1:0"}

	config := embed.NewConfig()
	config.Dir = dir.etcd()
	config.LogLevel = logLevel
	config.LogOutputs = []string{"stderr"}
	// A killed process loses nothing without fsync, only a lost machine does.
	config.UnsafeNoFsync = true
	config.ListenClientUrls = []url.URL{anyPort}
	config.AdvertiseClientUrls = config.ListenClientUrls
	// The only member has no peers to listen for, and nobody here speaks JSON
	// to etcd.
	config.ListenPeerUrls = nil
	config.EnableGRPCGateway = false
	// With the defaults (100 ms, 1 s) a lone member waits a second to elect itself.
	config.TickMs = 20
	config.ElectionMs = 100

	server, err := embed.StartEtcd(config)
	if err != nil {
		return nil, fmt.Errorf("starting etcd in %s: %w", dir.etcd(), err)
	}
	select {
	case <-server.Server.ReadyNotify():
	case err := <-server.Err():
		return nil, fmt.Errorf("starting etcd in %s: %w", dir.etcd(), err)
	case <-time.After(etcdStartTimeout):
		return nil, fmt.Errorf("etcd in %s was not ready after %s", dir.etcd(), etcdStartTimeout)
	}
	if err := replaceFile(dir.etcdClientURL(), []byte(etcdURL(server)+"\n"), 0o644); err != nil {
		return nil, err
	}
	return server, nil
}

func etcdURL(server *embed.Etcd) string {
	return "http://" + server.Clients[0].Addr().String()
}

func compactCommand(args []string) error {
	flags := flag.NewFlagSet("compact", flag.ContinueOnError)
	dir := flags.String("data-dir", "", "the running server's data `directory` (required)")
	if err := parse(flags, args, false); err != nil {
		return err
	}
	if *dir == "" {
		return usageError(flags, "--data-dir is required")
	}
	if err := setUpLogging(logLevels["error"]); err != nil {
		return err
	}
	return compact(dataDir(*dir))
}

// compact drops etcd's history up to now the way an API server does every five
// minutes, including the key that tells API servers of it: without that key
// they would go on serving old lists from their caches.
func compact(dir dataDir) error {
	const compactRevKey = "compact_rev_key"

	endpoint, err := os.ReadFile(dir.etcdClientURL())
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("no server was ever started in %s (run \"serve --data-dir\" first): %w", dir, err)
	}
	if err != nil {
		return fmt.Errorf("reading etcd's address: %w", err)
	}
	client, err := clientv3.New(clientv3.Config{
		Endpoints:   []string{strings.TrimSpace(string(endpoint))},
		DialTimeout: 5 * time.Second,
	})
	if err != nil {
		return fmt.Errorf("connecting to etcd: %w", err)
	}
	defer client.Close()

	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	last, err := client.Get(ctx, compactRevKey)
	if err != nil {
		return fmt.Errorf("reading etcd's revision at %s (is the server running?): %w", client.Endpoints()[0], err)
	}
	var version int64
	if len(last.Kvs) > 0 {
		version = last.Kvs[0].Version
	}
	revision := last.Header.Revision
	_, _, compacted, err := etcd3.Compact(ctx, client, version, revision)
	if err != nil {
		return fmt.Errorf("compacting etcd at revision %d: %w", revision, err)
	}
	if compacted != revision {
		return fmt.Errorf("the API server compacted etcd at revision %d in the same moment, before revision %d: try again", compacted, revision)
	}
	return nil
}

package main

import (
	"context"
	"fmt"
	"net"
	"time"

	"github.com/spf13/pflag"
	utilerrors "k8s.io/apimachinery/pkg/util/errors"
	"k8s.io/client-go/rest"
	"k8s.io/kubernetes/cmd/kube-apiserver/app"
	"k8s.io/kubernetes/cmd/kube-apiserver/app/options"
)

const (
	issuer = "https://kubernetes.default.svc.cluster.local"

	// One line when a watch begins, so that a running one is counted, and one
	// when any request is over.
	auditPolicy = `apiVersion: audit.k8s.io/v1
kind: Policy
rules:
- level: Metadata
  verbs: [watch]
  omitStages: [ResponseStarted]
- level: Metadata
  omitStages: [RequestReceived, ResponseStarted]
`
)

type apiServerConfig struct {
	dir           dataDir
	listener      net.Listener
	etcdURL       string
	auditLog      string
	tokenCacheTTL time.Duration
	watchGrace    time.Duration
	// extraFlags are kube-apiserver's own and win over those set here.
	extraFlags []string
}

// newAPIServer checks the configuration. The function it returns runs the
// server until ctx is done.
func newAPIServer(ctx context.Context, c apiServerConfig) (func() error, error) {
	if err := replaceFile(c.dir.auditPolicy(), []byte(auditPolicy), 0o644); err != nil {
		return nil, err
	}
	opts := options.NewServerRunOptions()
	opts.SecureServing.Listener = c.listener
	opts.SecureServing.BindPort = c.listener.Addr().(*net.TCPAddr).Port
	// No flag sets this one.
	opts.Authentication.TokenSuccessCacheTTL = c.tokenCacheTTL

	flags := pflag.NewFlagSet("kube-apiserver", pflag.ContinueOnError)
	for _, set := range opts.Flags().FlagSets {
		flags.AddFlagSet(set)
	}
	args := append([]string{
		"--bind-address=127.0.0.1",
		"--advertise-address=127.0.0.1",
		// Endpoints may not hold loopback addresses, so the service
		// default/kubernetes stays without any.
		"--endpoint-reconciler-type=none",
		"--etcd-servers=" + c.etcdURL,
		"--tls-cert-file=" + c.dir.pki(servingCert),
		"--tls-private-key-file=" + c.dir.pki(servingKey),
		"--client-ca-file=" + c.dir.pki(caCert),
		"--authorization-mode=RBAC",
		"--allow-privileged=true",
		"--service-account-issuer=" + issuer,
		"--service-account-signing-key-file=" + c.dir.pki(saKey),
		"--service-account-key-file=" + c.dir.pki(saKey),
		"--service-cluster-ip-range=10.96.0.0/16,fd00:10:96::/112",
		"--audit-policy-file=" + c.dir.auditPolicy(),
		"--audit-log-path=" + c.auditLog,
		// 0 would mean 100 MB; a test that counts must not meet a rotation.
		"--audit-log-maxsize=100000",
		"--shutdown-watch-termination-grace-period=" + c.watchGrace.String(),
	}, c.extraFlags...)
	if err := flags.Parse(args); err != nil {
		return nil, fmt.Errorf("kube-apiserver's flags (those after \"--\"): %w", err)
	}
	if rest := flags.Args(); len(rest) > 0 {
		return nil, fmt.Errorf("%q after \"--\" is not a flag of kube-apiserver", rest[0])
	}

	if err := opts.GenericServerRunOptions.ComponentGlobalsRegistry.Set(); err != nil {
		return nil, fmt.Errorf("setting feature gates: %w", err)
	}
	// The server's clients of itself need not log the warnings it sends.
	rest.SetDefaultWarningHandler(rest.NoWarnings{})
	completed, err := opts.Complete(ctx)
	if err != nil {
		return nil, fmt.Errorf("completing kube-apiserver's options: %w", err)
	}
	if errs := completed.Validate(); len(errs) > 0 {
		return nil, fmt.Errorf("kube-apiserver's options: %w", utilerrors.NewAggregate(errs))
	}
	return func() error { return app.Run(ctx, completed) }, nil
}

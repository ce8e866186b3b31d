// A candidate of client-go's leader election, as a program: a rival for ours on
// the same Lease, and a foreign client for the development server.
//
// It prints one JSON object a line: standing, leading, stopped, observed.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/leaderelection"
	"k8s.io/client-go/tools/leaderelection/resourcelock"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "candidate:", err)
		os.Exit(1)
	}
}

func run() error {
	kubeconfig := flag.String("kubeconfig", os.Getenv("KUBECONFIG"), "the kubeconfig `file`")
	namespace := flag.String("namespace", "default", "the Lease's namespace")
	lease := flag.String("lease", "", "the Lease's name")
	identity := flag.String("identity", "", "the name to hold it under")
	duration := flag.Duration("lease-duration", 15*time.Second, "how long others wait without seeing a change")
	deadline := flag.Duration("renew-deadline", 10*time.Second, "how long to try to renew")
	period := flag.Duration("retry-period", 2*time.Second, "the pause between attempts")
	release := flag.Bool("release", true, "release the Lease at the end")
	flag.Parse()
	if *lease == "" || *identity == "" || flag.NArg() > 0 {
		flag.Usage()
		return fmt.Errorf("-lease and -identity are needed, and nothing but flags")
	}

	config, err := clientcmd.BuildConfigFromFlags("", *kubeconfig)
	if err != nil {
		return err
	}
	config.UserAgent = "client-go-candidate"
	// client-go prefers protobuf, which the development server does not speak.
	config.ContentType = "application/json"
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()

	report := reporter(*identity)
	elector, err := leaderelection.NewLeaderElector(leaderelection.LeaderElectionConfig{
		Lock: &resourcelock.LeaseLock{
			LeaseMeta:  metav1.ObjectMeta{Namespace: *namespace, Name: *lease},
			Client:     client.CoordinationV1(),
			LockConfig: resourcelock.ResourceLockConfig{Identity: *identity},
		},
		LeaseDuration:   *duration,
		RenewDeadline:   *deadline,
		RetryPeriod:     *period,
		ReleaseOnCancel: *release,
		Callbacks: leaderelection.LeaderCallbacks{
			OnStartedLeading: func(context.Context) { report("leading", *identity) },
			OnStoppedLeading: func() { report("stopped", *identity) },
			OnNewLeader:      func(holder string) { report("observed", holder) },
		},
	})
	if err != nil {
		return err
	}
	report("standing", "")
	// A loss ends Run; whoever was not asked to stop stands again.
	for ctx.Err() == nil {
		elector.Run(ctx)
	}
	return nil
}

// Callbacks come from several goroutines; lines stay whole.
func reporter(identity string) func(event, holder string) {
	var lock sync.Mutex
	lines := json.NewEncoder(os.Stdout)
	return func(event, holder string) {
		lock.Lock()
		defer lock.Unlock()
		// Whoever reads them may have gone: that ends nothing.
		_ = lines.Encode(map[string]string{
			"time":     time.Now().UTC().Format(time.RFC3339Nano),
			"event":    event,
			"identity": identity,
			"holder":   holder,
		})
	}
}

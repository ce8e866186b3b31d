package main

import (
	"context"
	"fmt"
	"time"

	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
)

const (
	pollPeriod   = 50 * time.Millisecond
	startTimeout = 90 * time.Second
)

// awaitReady waits until /readyz is ok, which includes the bootstrap of RBAC's
// roles.
func awaitReady(ctx context.Context, client kubernetes.Interface) error {
	return poll(ctx, "/readyz", func(ctx context.Context) error {
		return client.Discovery().RESTClient().Get().AbsPath("/readyz").Do(ctx).Error()
	})
}

// awaitBootstrap waits for the objects that every cluster has and that
// /readyz does not wait for.
func awaitBootstrap(ctx context.Context, client kubernetes.Interface) error {
	for _, namespace := range []string{metav1.NamespaceDefault, metav1.NamespaceSystem, metav1.NamespacePublic, v1.NamespaceNodeLease} {
		err := poll(ctx, "service account default of namespace "+namespace, func(ctx context.Context) error {
			_, err := client.CoreV1().ServiceAccounts(namespace).Get(ctx, "default", metav1.GetOptions{})
			return err
		})
		if err != nil {
			return err
		}
	}
	return poll(ctx, "service default/kubernetes", func(ctx context.Context) error {
		_, err := client.CoreV1().Services(metav1.NamespaceDefault).Get(ctx, "kubernetes", metav1.GetOptions{})
		return err
	})
}

func poll(ctx context.Context, what string, try func(context.Context) error) error {
	for {
		err := try(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("waiting for %s: %w (last answer: %w)", what, context.Cause(ctx), err)
		case <-time.After(pollPeriod):
		}
	}
}

// awaitUsable returns when a test can use the cluster: the API server answers,
// the controllers run and the first objects are there.
func awaitUsable(ctx context.Context, config *rest.Config) error {
	client, err := kubernetes.NewForConfig(forComponent(config, "readiness"))
	if err != nil {
		return fmt.Errorf("making the readiness client: %w", err)
	}
	limited, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	if err := awaitReady(limited, client); err != nil {
		return err
	}
	// The controllers live as long as the server, not as this wait.
	if err := startControllers(ctx, config); err != nil {
		return err
	}
	return awaitBootstrap(limited, client)
}

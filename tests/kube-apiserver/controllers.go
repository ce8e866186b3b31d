package main

import (
	"context"
	"fmt"
	"time"

	v1 "k8s.io/api/core/v1"
	"k8s.io/client-go/discovery/cached/memory"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/metadata"
	"k8s.io/client-go/metadata/metadatainformer"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/restmapper"
	"k8s.io/controller-manager/pkg/informerfactory"
	"k8s.io/klog/v2"
	"k8s.io/kubernetes/pkg/controller/endpoint"
	"k8s.io/kubernetes/pkg/controller/endpointslice"
	"k8s.io/kubernetes/pkg/controller/garbagecollector"
	"k8s.io/kubernetes/pkg/controller/namespace"
	"k8s.io/kubernetes/pkg/controller/serviceaccount"
)

// The defaults of kube-controller-manager.
const (
	maxEndpointsPerSlice    = 100
	endpointWorkers         = 5
	namespaceWorkers        = 10
	garbageCollectorWorkers = 20
	namespaceResync         = 5 * time.Minute
	garbageCollectorResync  = 30 * time.Second
)

// environment is what a controller is built from.
type environment struct {
	config           *rest.Config
	informers        informers.SharedInformerFactory
	informersStarted chan struct{}
}

// The controllers without which tests could not use the API server, by the
// names they have as user agents. Each is built before the shared informers
// start and run after.
var controllers = map[string]func(context.Context, environment) (run func(), err error){
	"endpointslice-controller":   newEndpointSliceController,
	"endpoint-controller":        newEndpointController,
	"service-account-controller": newServiceAccountController,
	"namespace-controller":       newNamespaceController,
	"generic-garbage-collector":  newGarbageCollector,
}

// startControllers returns when they know the cluster's state.
func startControllers(ctx context.Context, config *rest.Config) error {
	client, err := kubernetes.NewForConfig(forComponent(config, "shared-informers"))
	if err != nil {
		return fmt.Errorf("making the controllers' client: %w", err)
	}
	factory := informers.NewSharedInformerFactory(client, 0)
	informersStarted := make(chan struct{})

	var runs []func()
	for name, build := range controllers {
		run, err := build(ctx, environment{forComponent(config, name), factory, informersStarted})
		if err != nil {
			return fmt.Errorf("making the %s: %w", name, err)
		}
		runs = append(runs, run)
	}

	factory.Start(ctx.Done())
	close(informersStarted)
	for _, run := range runs {
		go run()
	}
	for kind, synced := range factory.WaitForCacheSync(ctx.Done()) {
		if !synced {
			return fmt.Errorf("stopped while the controllers were reading every %s", kind)
		}
	}
	return nil
}

func newEndpointSliceController(ctx context.Context, env environment) (func(), error) {
	client, err := kubernetes.NewForConfig(env.config)
	if err != nil {
		return nil, err
	}
	core := env.informers.Core().V1()
	c := endpointslice.NewController(ctx, core.Pods(), core.Services(), core.Nodes(),
		env.informers.Discovery().V1().EndpointSlices(), maxEndpointsPerSlice, client, 0)
	return func() { c.Run(ctx, endpointWorkers) }, nil
}

func newEndpointController(ctx context.Context, env environment) (func(), error) {
	client, err := kubernetes.NewForConfig(env.config)
	if err != nil {
		return nil, err
	}
	core := env.informers.Core().V1()
	c := endpoint.NewEndpointController(ctx, core.Pods(), core.Services(), core.Endpoints(), client, 0)
	return func() { c.Run(ctx, endpointWorkers) }, nil
}

// newServiceAccountController gives each namespace the account "default",
// without which no pod can be created in it.
func newServiceAccountController(ctx context.Context, env environment) (func(), error) {
	client, err := kubernetes.NewForConfig(env.config)
	if err != nil {
		return nil, err
	}
	core := env.informers.Core().V1()
	c, err := serviceaccount.NewServiceAccountsController(klog.FromContext(ctx), core.ServiceAccounts(), core.Namespaces(),
		client, serviceaccount.DefaultServiceAccountsControllerOptions())
	if err != nil {
		return nil, err
	}
	return func() { c.Run(ctx, 1) }, nil
}

// newNamespaceController empties namespaces that are being deleted.
func newNamespaceController(ctx context.Context, env environment) (func(), error) {
	client, err := kubernetes.NewForConfig(env.config)
	if err != nil {
		return nil, err
	}
	metadataClient, err := metadata.NewForConfig(env.config)
	if err != nil {
		return nil, err
	}
	c := namespace.NewNamespaceController(ctx, client, metadataClient, client.Discovery().ServerPreferredNamespacedResources,
		env.informers.Core().V1().Namespaces(), namespaceResync, v1.FinalizerKubernetes)
	return func() { c.Run(ctx, namespaceWorkers) }, nil
}

// newGarbageCollector deletes what a deleted object owned, such as the
// EndpointSlices of a Service.
func newGarbageCollector(ctx context.Context, env environment) (func(), error) {
	client, err := kubernetes.NewForConfig(env.config)
	if err != nil {
		return nil, err
	}
	metadataClient, err := metadata.NewForConfig(env.config)
	if err != nil {
		return nil, err
	}
	mapper := restmapper.NewDeferredDiscoveryRESTMapper(memory.NewMemCacheClient(client.Discovery()))
	factory := informerfactory.NewInformerFactory(env.informers, metadatainformer.NewSharedInformerFactory(metadataClient, 0))
	c, err := garbagecollector.NewGarbageCollector(ctx, client, metadataClient, mapper,
		garbagecollector.DefaultIgnoredResources(), factory, env.informersStarted)
	if err != nil {
		return nil, err
	}
	return func() {
		go c.Sync(ctx, client.Discovery(), garbageCollectorResync)
		c.Run(ctx, garbageCollectorWorkers, garbageCollectorResync)
	}, nil
}

package cri

import (
	"context"
	"fmt"
	"net"
	"syscall"
	"time"

	"google.golang.org/grpc"
	runtimeapi "k8s.io/cri-api/pkg/apis/runtime/v1"

	"k8s.io/cri-streaming/pkg/streaming"
)

// Serve answers a kubelet on the listener until the context ends.
func (r *Runtime) Serve(ctx context.Context, listener net.Listener) error {
	streams, err := r.config.Namespace.Listen("tcp", streamAddress)
	if err != nil {
		return fmt.Errorf("streaming server of %s: %w", r.config.NodeName, err)
	}
	go func() { _ = serveStreams(ctx, r.streams, streams) }()
	server := grpc.NewServer(grpc.MaxRecvMsgSize(16<<20), grpc.MaxSendMsgSize(16<<20))
	runtimeapi.RegisterRuntimeServiceServer(server, runtimeServer{r: r})
	runtimeapi.RegisterImageServiceServer(server, imageServer{s: r.images})
	stop := context.AfterFunc(ctx, server.Stop)
	defer stop()
	return server.Serve(listener)
}

// Inits are the first processes of all containers that run, each in a PID
// namespace of its own.
func (r *Runtime) Inits() (pids []int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, c := range r.containers {
		c.mu.Lock()
		if c.state == runtimeapi.ContainerState_CONTAINER_RUNNING {
			pids = append(pids, c.pid)
		}
		c.mu.Unlock()
	}
	return pids
}

// KillAll ends every container at once and drops their pods' networks, as a
// power failure of the node would.
func (r *Runtime) KillAll() {
	r.mu.Lock()
	var ids []string
	for id := range r.sandboxes {
		ids = append(ids, id)
	}
	r.mu.Unlock()
	for _, id := range ids {
		_ = r.RemovePodSandbox(id)
	}
}

// StopAll asks every container to end and waits for at most the grace period.
func (r *Runtime) StopAll(grace time.Duration) {
	r.mu.Lock()
	var all []*container
	for _, c := range r.containers {
		all = append(all, c)
	}
	r.mu.Unlock()
	done := make(chan struct{})
	for _, c := range all {
		go func() {
			c.stop(grace)
			done <- struct{}{}
		}()
	}
	for range all {
		<-done
	}
}

// runtimeServer is the gRPC surface of a Runtime. What it does not define
// answers Unimplemented.
type runtimeServer struct {
	runtimeapi.UnimplementedRuntimeServiceServer
	r *Runtime
}

func (s runtimeServer) Version(context.Context, *runtimeapi.VersionRequest) (*runtimeapi.VersionResponse, error) {
	return &runtimeapi.VersionResponse{Version: "0.1.0", RuntimeName: "ringspan", RuntimeVersion: "0.1.0", RuntimeApiVersion: "v1"}, nil
}

func (s runtimeServer) Status(context.Context, *runtimeapi.StatusRequest) (*runtimeapi.StatusResponse, error) {
	network := &runtimeapi.RuntimeCondition{Type: runtimeapi.NetworkReady, Status: true}
	if s.r.podNetwork().Missing {
		network.Status, network.Reason, network.Message = false, "NetworkPluginNotReady", "cni plugin not initialized"
	}
	return &runtimeapi.StatusResponse{Status: &runtimeapi.RuntimeStatus{Conditions: []*runtimeapi.RuntimeCondition{
		{Type: runtimeapi.RuntimeReady, Status: true}, network,
	}}}, nil
}

func (s runtimeServer) RuntimeConfig(context.Context, *runtimeapi.RuntimeConfigRequest) (*runtimeapi.RuntimeConfigResponse, error) {
	return &runtimeapi.RuntimeConfigResponse{}, nil
}

func (s runtimeServer) UpdateRuntimeConfig(context.Context, *runtimeapi.UpdateRuntimeConfigRequest) (*runtimeapi.UpdateRuntimeConfigResponse, error) {
	return &runtimeapi.UpdateRuntimeConfigResponse{}, nil
}

func (s runtimeServer) RunPodSandbox(_ context.Context, q *runtimeapi.RunPodSandboxRequest) (*runtimeapi.RunPodSandboxResponse, error) {
	id, err := s.r.RunPodSandbox(q.Config)
	return &runtimeapi.RunPodSandboxResponse{PodSandboxId: id}, err
}

func (s runtimeServer) StopPodSandbox(_ context.Context, q *runtimeapi.StopPodSandboxRequest) (*runtimeapi.StopPodSandboxResponse, error) {
	s.r.StopPodSandbox(q.PodSandboxId)
	return &runtimeapi.StopPodSandboxResponse{}, nil
}

func (s runtimeServer) RemovePodSandbox(_ context.Context, q *runtimeapi.RemovePodSandboxRequest) (*runtimeapi.RemovePodSandboxResponse, error) {
	return &runtimeapi.RemovePodSandboxResponse{}, s.r.RemovePodSandbox(q.PodSandboxId)
}

func (s runtimeServer) PodSandboxStatus(_ context.Context, q *runtimeapi.PodSandboxStatusRequest) (*runtimeapi.PodSandboxStatusResponse, error) {
	return s.r.PodSandboxStatus(q.PodSandboxId)
}

func (s runtimeServer) ListPodSandbox(_ context.Context, q *runtimeapi.ListPodSandboxRequest) (*runtimeapi.ListPodSandboxResponse, error) {
	return &runtimeapi.ListPodSandboxResponse{Items: s.r.ListPodSandbox(q.Filter)}, nil
}

func (s runtimeServer) CreateContainer(ctx context.Context, q *runtimeapi.CreateContainerRequest) (*runtimeapi.CreateContainerResponse, error) {
	id, err := s.r.CreateContainer(ctx, q.PodSandboxId, q.Config)
	return &runtimeapi.CreateContainerResponse{ContainerId: id}, err
}

func (s runtimeServer) StartContainer(ctx context.Context, q *runtimeapi.StartContainerRequest) (*runtimeapi.StartContainerResponse, error) {
	return &runtimeapi.StartContainerResponse{}, s.r.StartContainer(ctx, q.ContainerId)
}

func (s runtimeServer) StopContainer(ctx context.Context, q *runtimeapi.StopContainerRequest) (*runtimeapi.StopContainerResponse, error) {
	s.r.StopContainer(ctx, q.ContainerId, time.Duration(q.Timeout)*time.Second)
	return &runtimeapi.StopContainerResponse{}, nil
}

func (s runtimeServer) RemoveContainer(ctx context.Context, q *runtimeapi.RemoveContainerRequest) (*runtimeapi.RemoveContainerResponse, error) {
	s.r.RemoveContainer(ctx, q.ContainerId)
	return &runtimeapi.RemoveContainerResponse{}, nil
}

func (s runtimeServer) ListContainers(_ context.Context, q *runtimeapi.ListContainersRequest) (*runtimeapi.ListContainersResponse, error) {
	return &runtimeapi.ListContainersResponse{Containers: s.r.ListContainers(q.Filter)}, nil
}

func (s runtimeServer) ContainerStatus(_ context.Context, q *runtimeapi.ContainerStatusRequest) (*runtimeapi.ContainerStatusResponse, error) {
	return s.r.ContainerStatus(q.ContainerId)
}

// UpdateContainerResources accepts and changes nothing: there are no cgroups.
func (s runtimeServer) UpdateContainerResources(context.Context, *runtimeapi.UpdateContainerResourcesRequest) (*runtimeapi.UpdateContainerResourcesResponse, error) {
	return &runtimeapi.UpdateContainerResourcesResponse{}, nil
}

// UpdatePodSandboxResources accepts and changes nothing: there are no cgroups.
func (s runtimeServer) UpdatePodSandboxResources(context.Context, *runtimeapi.UpdatePodSandboxResourcesRequest) (*runtimeapi.UpdatePodSandboxResourcesResponse, error) {
	return &runtimeapi.UpdatePodSandboxResourcesResponse{}, nil
}

func (s runtimeServer) ReopenContainerLog(_ context.Context, q *runtimeapi.ReopenContainerLogRequest) (*runtimeapi.ReopenContainerLogResponse, error) {
	c, err := s.r.container(q.ContainerId)
	if err != nil {
		return nil, err
	}
	return &runtimeapi.ReopenContainerLogResponse{}, c.log.reopen()
}

func (s runtimeServer) ExecSync(ctx context.Context, q *runtimeapi.ExecSyncRequest) (*runtimeapi.ExecSyncResponse, error) {
	stdout, stderr, err := s.r.ExecSync(ctx, q.ContainerId, q.Cmd, time.Duration(q.Timeout)*time.Second)
	answer := &runtimeapi.ExecSyncResponse{Stdout: stdout, Stderr: stderr}
	if code, ok := exitCode(err); ok {
		answer.ExitCode = int32(code)
		return answer, nil
	}
	return answer, err
}

// The streaming calls only hand out a URL of the streaming server, to which
// the kubelet then proxies the API server's connection.

func (s runtimeServer) Exec(_ context.Context, q *runtimeapi.ExecRequest) (*runtimeapi.ExecResponse, error) {
	return s.r.streams.GetExec(q)
}

func (s runtimeServer) Attach(_ context.Context, q *runtimeapi.AttachRequest) (*runtimeapi.AttachResponse, error) {
	return s.r.streams.GetAttach(q)
}

func (s runtimeServer) PortForward(_ context.Context, q *runtimeapi.PortForwardRequest) (*runtimeapi.PortForwardResponse, error) {
	return s.r.streams.GetPortForward(q)
}

func (s runtimeServer) ListContainerStats(context.Context, *runtimeapi.ListContainerStatsRequest) (*runtimeapi.ListContainerStatsResponse, error) {
	return &runtimeapi.ListContainerStatsResponse{}, nil
}

func (s runtimeServer) ListPodSandboxStats(context.Context, *runtimeapi.ListPodSandboxStatsRequest) (*runtimeapi.ListPodSandboxStatsResponse, error) {
	return &runtimeapi.ListPodSandboxStatsResponse{}, nil
}

// imageServer is the gRPC surface of the images.
type imageServer struct {
	runtimeapi.UnimplementedImageServiceServer
	s *imageService
}

func (i imageServer) ImageStatus(_ context.Context, q *runtimeapi.ImageStatusRequest) (*runtimeapi.ImageStatusResponse, error) {
	img, err := i.s.load(q.Image.Image)
	if err != nil {
		return &runtimeapi.ImageStatusResponse{}, nil //nolint:nilerr // "not present": the kubelet then pulls
	}
	answer := &runtimeapi.Image{Id: q.Image.Image, RepoTags: []string{q.Image.Image}, Size: 1, Spec: q.Image, Uid: &runtimeapi.Int64Value{Value: int64(img.UID)}}
	return &runtimeapi.ImageStatusResponse{Image: answer}, nil
}

func (i imageServer) PullImage(_ context.Context, q *runtimeapi.PullImageRequest) (*runtimeapi.PullImageResponse, error) {
	_, err := i.s.load(q.Image.Image)
	return &runtimeapi.PullImageResponse{ImageRef: q.Image.Image}, err
}

// ListImages lists none, so that image garbage collection finds nothing to do.
func (i imageServer) ListImages(context.Context, *runtimeapi.ListImagesRequest) (*runtimeapi.ListImagesResponse, error) {
	return &runtimeapi.ListImagesResponse{}, nil
}

func (i imageServer) RemoveImage(context.Context, *runtimeapi.RemoveImageRequest) (*runtimeapi.RemoveImageResponse, error) {
	return &runtimeapi.RemoveImageResponse{}, nil
}

func (i imageServer) ImageFsInfo(context.Context, *runtimeapi.ImageFsInfoRequest) (*runtimeapi.ImageFsInfoResponse, error) {
	var fs syscall.Statfs_t
	if err := syscall.Statfs(i.s.dir, &fs); err != nil {
		return nil, err
	}
	usage := []*runtimeapi.FilesystemUsage{{
		Timestamp:  time.Now().UnixNano(),
		FsId:       &runtimeapi.FilesystemIdentifier{Mountpoint: i.s.dir},
		UsedBytes:  &runtimeapi.UInt64Value{Value: (fs.Blocks - fs.Bfree) * uint64(fs.Bsize)},
		InodesUsed: &runtimeapi.UInt64Value{Value: fs.Files - fs.Ffree},
	}}
	return &runtimeapi.ImageFsInfoResponse{ImageFilesystems: usage, ContainerFilesystems: usage}, nil
}

func serveStreams(ctx context.Context, handler streaming.Server, listener net.Listener) error {
	server := newHTTPServer(handler)
	stop := context.AfterFunc(ctx, func() { _ = server.Close() })
	defer stop()
	return server.Serve(listener)
}

package region

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strconv"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/httpstream" //nolint:staticcheck // what this client-go's dialer returns
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/portforward"
	"k8s.io/client-go/transport/spdy"
)

// Dial connects to a port of the pod through the API server. No port of this
// machine is opened.
func (n Node) Dial(ctx context.Context, port int) (net.Conn, error) {
	kube, err := kubernetes.NewForConfig(n.Region.Config)
	if err != nil {
		return nil, err
	}
	transport, upgrader, err := spdy.RoundTripperFor(n.Region.Config)
	if err != nil {
		return nil, err
	}
	pod := n.Pod
	url := kube.CoreV1().RESTClient().Post().Resource("pods").Namespace(pod.Namespace).Name(pod.Name).SubResource("portforward").URL()
	type dialed struct {
		connection httpstream.Connection
		err        error
	}
	done := make(chan dialed, 1)
	go func() {
		c, _, err := spdy.NewDialer(upgrader, &http.Client{Transport: transport}, http.MethodPost, url).Dial(portforward.PortForwardProtocolV1Name)
		done <- dialed{c, err}
	}()
	select {
	case r := <-done:
		if r.err != nil {
			return nil, r.err
		}
		near, err := forward(r.connection, port)
		return podAddress{near, &net.TCPAddr{IP: net.ParseIP(pod.Status.PodIP), Port: port}}, err
	case <-ctx.Done():
		go func() {
			if r := <-done; r.err == nil {
				_ = r.connection.Close() // nobody has used it
			}
		}()
		return nil, ctx.Err()
	}
}

// podAddress is a connection with the pod's address, which the driver asks for.
type podAddress struct {
	net.Conn

	address net.Addr
}

// RemoteAddr implements net.Conn.
func (r podAddress) RemoteAddr() net.Addr { return r.address }

// forward opens the two streams of a port and makes a connection of them, with
// deadlines, which streams don't have.
func forward(c httpstream.Connection, port int) (net.Conn, error) {
	headers := http.Header{}
	headers.Set(corev1.StreamType, corev1.StreamTypeError)
	headers.Set(corev1.PortHeader, strconv.Itoa(port))
	headers.Set(corev1.PortForwardRequestIDHeader, "0")
	failures, err := c.CreateStream(headers)
	if err != nil {
		return nil, errors.Join(err, c.Close())
	}
	headers.Set(corev1.StreamType, corev1.StreamTypeData)
	data, err := c.CreateStream(headers)
	if err != nil {
		return nil, errors.Join(err, c.Close())
	}
	near, far := net.Pipe()
	end := func() {
		_, _ = far.Close(), c.Close() // one of them is gone already
	}
	go func() {
		_, _ = io.ReadAll(failures) // ends with the connection
		end()
	}()
	go func() {
		_, _ = io.Copy(data, far)
		end()
	}()
	go func() {
		_, _ = io.Copy(far, data)
		end()
	}()
	return near, nil
}

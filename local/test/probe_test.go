package test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
	authenticationv1 "k8s.io/api/authentication/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
)

// probePath is where pods find this program.
const probePath = "/var/lib/probe/probe"

func portNumber(n int) intstr.IntOrString { return intstr.FromInt32(int32(n)) }

// probe is what this program does in a pod, instead of tools that a machine
// may not have.
func probe(args []string) int {
	verbs := map[string]func(...string) (string, error){
		"serve": serve, "get": get, "lookup": lookup, "whoami": whoami, "datagram": datagram,
	}
	out, err := verbs[args[0]](args[1:]...)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	fmt.Println(out)
	return 0
}

// clockPath is where servers say what time it is for them, in nanoseconds of 1970.
const clockPath = "/clock"

// serve answers HTTP on some ports with the names of both ends, and each
// datagram with a short one, until it is told to stop.
func serve(ports ...string) (string, error) {
	host, err := os.Hostname()
	if err != nil {
		return "", err
	}
	for _, port := range ports {
		go func() { fmt.Fprintln(os.Stderr, http.ListenAndServe(":"+port, whoAsks(host))) }()
		go func() { fmt.Fprintln(os.Stderr, echo(":"+port)) }()
	}
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM)
	<-stop
	return "stopped", nil
}

func whoAsks(host string) http.HandlerFunc {
	return func(w http.ResponseWriter, q *http.Request) {
		if q.URL.Path == clockPath {
			fmt.Fprint(w, time.Now().UnixNano())
			return
		}
		remote, _, _ := net.SplitHostPort(q.RemoteAddr) // made by the server itself
		local, _, _ := net.SplitHostPort(q.Context().Value(http.LocalAddrContextKey).(net.Addr).String())
		fmt.Fprintf(w, "%s at %s sees %s", host, local, remote)
	}
}

func echo(address string) error {
	socket, err := net.ListenPacket("udp", address)
	if err != nil {
		return err
	}
	buffer := make([]byte, 1<<16)
	for {
		n, from, err := socket.ReadFrom(buffer)
		if err != nil {
			return err
		}
		if _, err := socket.WriteTo([]byte(strconv.Itoa(n)), from); err != nil {
			return err
		}
	}
}

// get fetches http://ADDRESS over a connection of its own.
func get(args ...string) (string, error) {
	client := &http.Client{Timeout: time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Get("http://" + args[0])
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	return string(body), err
}

// lookup asks the pod's own name server.
func lookup(args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	addresses, err := (&net.Resolver{PreferGo: true}).LookupHost(ctx, args[0])
	slices.Sort(addresses)
	return strings.Join(addresses, " "), err
}

// whoami asks the API server who the pod's own token says it is.
func whoami(...string) (string, error) {
	config, err := rest.InClusterConfig()
	if err != nil {
		return "", err
	}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return "", err
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	review, err := client.AuthenticationV1().SelfSubjectReviews().Create(ctx, &authenticationv1.SelfSubjectReview{}, metav1.CreateOptions{})
	if err != nil {
		return "", err
	}
	return review.Status.UserInfo.Username, nil
}

// datagram sends one packet of SIZE bytes, headers included, to ADDRESS. It must
// not be split on the way, and what the kernel knows of the way is left aside.
func datagram(args ...string) (string, error) {
	size, err := strconv.Atoi(args[1])
	if err != nil {
		return "", err
	}
	conn, err := net.Dial("udp", args[0])
	if err != nil {
		return "", err
	}
	defer conn.Close()
	raw, err := conn.(*net.UDPConn).SyscallConn()
	if err != nil {
		return "", err
	}
	controlErr := raw.Control(func(fd uintptr) {
		err = unix.SetsockoptInt(int(fd), unix.IPPROTO_IP, unix.IP_MTU_DISCOVER, unix.IP_PMTUDISC_PROBE)
	})
	if err := errors.Join(err, controlErr); err != nil {
		return "", err
	}
	const headers = 20 + 8 // IPv4, UDP
	if _, err := conn.Write(make([]byte, size-headers)); err != nil {
		return "", err
	}
	if err := conn.SetReadDeadline(time.Now().Add(time.Second)); err != nil {
		return "", err
	}
	answer := make([]byte, 16)
	n, err := conn.Read(answer)
	return string(answer[:n]), err
}

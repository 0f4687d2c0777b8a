// go-mail: one client, whose connection is kept, and a message composed for each recipient. Keeps to the lines
// of turn.py: an order comes in as JSON, then numbers; each is answered with what sending so many messages took.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/wneessen/go-mail"
)

type order struct {
	Port     int    `json:"port"`
	StartTLS bool   `json:"starttls"`
	Text     string `json:"text"`
}

type turn struct {
	Messages int     `json:"messages"`
	Seconds  float64 `json:"seconds"`
	CPU      float64 `json:"cpu"`
	Peak     int     `json:"peak"`
}

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "go-mail:", err)
		os.Exit(1)
	}
}

func connected(what order) *mail.Client {
	policy := mail.NoTLS
	if what.StartTLS {
		policy = mail.TLSMandatory
	}
	client, err := mail.NewClient("127.0.0.1",
		mail.WithPort(what.Port), mail.WithTLSPolicy(policy), mail.WithHELO("client.test"))
	must(err)
	must(client.DialWithContext(context.Background()))
	return client
}

func composed(number int, body string) *mail.Msg {
	message := mail.NewMsg()
	must(message.From("comptes@example.com"))
	must(message.AddToFormat(fmt.Sprintf("Zoë Müller %d", number), fmt.Sprintf("client%d@example.org", number)))
	message.Subject(fmt.Sprintf("Le rapport d'été n° %d", number))
	message.SetDate()
	message.SetMessageID()
	message.SetBodyString(mail.TypeTextPlain, fmt.Sprintf("Bonjour %d,\n%s", number, body))
	return message
}

func cpu() float64 {
	var used syscall.Rusage
	must(syscall.Getrusage(syscall.RUSAGE_SELF, &used))
	return time.Duration(used.Utime.Nano() + used.Stime.Nano()).Seconds()
}

// KiB of resident memory at the peak.
func peak() int {
	status, err := os.ReadFile("/proc/self/status")
	must(err)
	_, after, _ := strings.Cut(string(status), "VmHWM:")
	kib, err := strconv.Atoi(strings.Fields(after)[0])
	must(err)
	return kib
}

func main() {
	lines := bufio.NewScanner(os.Stdin)
	lines.Scan()
	var what order
	must(json.Unmarshal(lines.Bytes(), &what))
	body, err := os.ReadFile(what.Text)
	must(err)
	client := connected(what)
	answers := json.NewEncoder(os.Stdout)
	for lines.Scan() {
		count, err := strconv.Atoi(lines.Text())
		must(err)
		before, started := cpu(), time.Now()
		for number := range count {
			must(client.Send(composed(number, string(body))))
		}
		seconds := time.Since(started).Seconds()
		must(answers.Encode(turn{Messages: count, Seconds: seconds, CPU: cpu() - before, Peak: peak()}))
	}
	must(client.Close())
}

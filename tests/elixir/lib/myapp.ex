defmodule Myapp do
  @moduledoc "A program that knows nothing of clusters, but for saying which nodes it sees."

  use Application

  @impl true
  def start(_type, _arguments), do: Supervisor.start_link([Myapp.Observer], strategy: :one_for_one)
end

defmodule Myapp.Observer do
  @moduledoc "Says on standard output whom the node sees: the time in microseconds, and the names."

  use GenServer

  def start_link(_), do: GenServer.start_link(__MODULE__, nil)

  @impl true
  def init(nil) do
    :net_kernel.monitor_nodes(true)
    tell()
    {:ok, nil}
  end

  @impl true
  def handle_info({_up_or_down, _node}, nil) do
    tell()
    {:noreply, nil}
  end

  defp tell, do: IO.puts("#{System.os_time(:microsecond)} #{Enum.join(Node.list(), " ")}")
end

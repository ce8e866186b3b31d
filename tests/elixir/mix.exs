defmodule Myapp.MixProject do
  use Mix.Project

  def project, do: [app: :myapp, version: "0.1.0"]

  def application, do: [mod: {Myapp, []}]
end
